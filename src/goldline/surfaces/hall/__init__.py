"""The consumer's guarantee page: one signed link an order, readable on any phone, without JavaScript."""
