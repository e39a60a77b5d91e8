"""Who may do what. One function decides single acts; lists use the same scope in SQL."""
