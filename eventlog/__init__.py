"""The log: appends facts, reads them, and keeps read models level with it; knows no agent."""
