"""What analysts are given: questions with their SQL, roles that may only ask, answers, files."""
