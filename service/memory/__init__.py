"""What an agent remembers: episodes, facts and working memory, and how they are found again."""
