"""The package beside its floors and its peers: ratios from one process, a table with goals, a record, a figure.

`python -m benchmarks` from a checkout; `python -m benchmarks --help` lists sections and settings.
"""
