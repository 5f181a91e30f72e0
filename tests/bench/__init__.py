"""`make bench`: what a diary costs, beside a bare form server; docs/performance.md says how to read it."""
