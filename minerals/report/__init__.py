"""A result folder as one page: findings, charts, method, limits and sources in a single HTML file."""
