SELECT E'O\\Neil\n'
