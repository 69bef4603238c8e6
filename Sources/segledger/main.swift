print("segledger")
