"""One module for each kind of document; each is loaded in the process that reads, and nowhere else."""
