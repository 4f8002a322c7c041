"""What does the database refuse about cost cases and options, whoever asks?"""

from alarp.records.guards import written_once

GUARDS = (
    *written_once("appraisals_costcase", "A cost case"),
    *written_once("appraisals_optionappraisal", "An option appraisal"),
    *written_once("appraisals_option", "An option"),
)
