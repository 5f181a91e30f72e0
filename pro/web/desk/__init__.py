"""The staff pages: thin routes on one blueprint, and how their figures are said and drawn."""
