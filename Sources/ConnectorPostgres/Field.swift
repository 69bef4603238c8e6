/// The fields of an error report (`PG_DIAG_…`), by the byte that the protocol gives them:
/// https://www.postgresql.org/docs/current/protocol-error-fields.html
enum PostgresField {
    static let sqlState = byte("C")
    static let primaryMessage = byte("M")
    static let hint = byte("H")
    static let position = byte("P")
    static let table = byte("t")
    static let column = byte("c")
    static let dataType = byte("d")
    static let constraint = byte("n")
    static let context = byte("W")
    static let sourceFile = byte("F")

    private static func byte(_ scalar: Unicode.Scalar) -> Int { Int(scalar.value) }
}
