"""The ground under the pages and the API: settings, languages, sign-in, security headers, the read side."""
