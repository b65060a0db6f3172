"""What Données Québec's profile and rules ask, looked for in the file; quality as criteria."""
