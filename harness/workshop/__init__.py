"""Programs that make the shipped files. The product does not import them, and the wheel does not contain them."""
