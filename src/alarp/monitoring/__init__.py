"""Has anything moved? Counts that merge, charts by the NHS rules, drift, silence, and a CUSUM that owns up."""

from alarp.monitoring.catalogue import Catalogue, Monitor, read_catalogue
from alarp.monitoring.columns import Coded, Columns, Event, against, columns_of, knowledge_time, scanner_name
from alarp.monitoring.cube import Cell, DayCube, fold, from_rows, merge
from alarp.monitoring.cusum import Cusum, average_run_length, design
from alarp.monitoring.drift import Shift, largest_difference, psi, shift
from alarp.monitoring.rates import mean_of, rate, wilson
from alarp.monitoring.readings import Reading, Watched, readings, worst
from alarp.monitoring.series import Period, Series, series
from alarp.monitoring.silence import Rhythm, chance_of_so_few, expected, rhythm, silence
from alarp.monitoring.turnaround import percentile, percentile_of_counts
from alarp.monitoring.xmr import Rebase, Xmr, xmr

__all__ = [
    "Catalogue",
    "Cell",
    "Coded",
    "Columns",
    "Cusum",
    "DayCube",
    "Event",
    "Monitor",
    "Period",
    "Reading",
    "Rebase",
    "Rhythm",
    "Series",
    "Shift",
    "Watched",
    "Xmr",
    "against",
    "average_run_length",
    "chance_of_so_few",
    "columns_of",
    "design",
    "expected",
    "fold",
    "from_rows",
    "knowledge_time",
    "largest_difference",
    "mean_of",
    "merge",
    "percentile",
    "percentile_of_counts",
    "psi",
    "rate",
    "read_catalogue",
    "readings",
    "rhythm",
    "scanner_name",
    "series",
    "shift",
    "silence",
    "wilson",
    "worst",
    "xmr",
]
