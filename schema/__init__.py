"""The shapes of everything that is stored or said; opens nothing and imports none of ours."""
