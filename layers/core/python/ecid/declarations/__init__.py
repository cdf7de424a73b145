"""Export declarations (出口货物报关单): the line model, the element string, and readers for the files that companies really have."""
