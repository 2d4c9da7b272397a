"""Every sentence that users read in a report, a comparison, a verdict or a review, and how numbers are written."""
