"""How shipped files are made. Nothing in the product imports it, and the wheel does not contain it."""
