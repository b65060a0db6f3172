"""What the law asks to write before a survey opens, generated from the consultation's settings.

`elements` declares each document, element by element, with its source in the law; `facts` says
what the settings say; `reading` puts both together; `services` writes and confirms.
"""
