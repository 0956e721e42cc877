"""The trainee information base (见习对象信息库): tables, sealing, queries and migrations."""
