"""The report: one HTML page about datasets, for people who were never near this repository.

It holds no script and asks for nothing from anywhere. `page.report_page` makes it; the other modules each make what one
section shows. Numbers are those of the audit, the log and the sidecars: nothing is worked out here that the command
line does not give, too.
"""
