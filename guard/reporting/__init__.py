"""The governance report of a month: what happened, under which rules, what was not covered, and who looked.

It is made of the entries of the audit log alone, so that whoever has the log can make it again.
"""
