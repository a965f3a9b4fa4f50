"""Payloads as Zoho sends them: the shapes of its documentation, with people who do not exist."""
