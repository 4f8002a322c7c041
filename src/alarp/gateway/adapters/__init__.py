"""Tools that speak no DICOM: what they say becomes a DICOM report and goes the way of every other result.

`findings` reads what such a tool says (JSON); `reports` says it as a TID 1500 report on the images that were sent;
`posting` takes it by HTTP, and `keeping` puts it at the door where results are matched. `commands` reads which
program runs for which tool on this machine, `giving` puts its images into its folder (`folders`), and `running` is the
process that runs it and writes down how it ended. Nothing here files anything: a report that was made here is matched, and
quarantined when it does not fit, like one that came from outside.
"""
