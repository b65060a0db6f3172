"""The text of attached files, so that it can be read and searched without opening them."""
