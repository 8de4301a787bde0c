"""Small tools without knowledge of checks or storage."""
