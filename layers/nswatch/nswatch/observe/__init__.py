"""What is seen: questions, exchanges and facts, without opinion."""
