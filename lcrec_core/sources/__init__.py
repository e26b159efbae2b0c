"""Files and downloads become a data set in memory."""
