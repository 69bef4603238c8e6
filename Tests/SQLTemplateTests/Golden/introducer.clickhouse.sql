SELECT _latin1 'O\'Neil'
