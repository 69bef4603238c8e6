1:43: context: batch_in stands inside of quotes, but writes complete literals
