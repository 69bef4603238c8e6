internal import CODBC

/// What a handle has to say of its last call (`SQLGetDiagRec`).
struct ODBCDiagnostic {
    let state: String
    /// The database's own number; 0 or the driver's where the driver manager or the driver speaks.
    let native: Int
    /// Without the names in brackets before it. Holds values: for `ODBCFailures` only (INV-10).
    let message: String

    /// Records beyond these are notes.
    private static let countMax = 16
    private static let messageUnitCountMax = 4096

    static func all(_ kind: CInt, _ handle: SQLHANDLE?) -> [ODBCDiagnostic] {
        var records: [ODBCDiagnostic] = []
        var state = [SQLWCHAR](repeating: 0, count: 16)
        var message = [SQLWCHAR](repeating: 0, count: messageUnitCountMax)
        for number in 1...countMax {
            var native: SQLINTEGER = 0
            var length: SQLSMALLINT = 0
            let code = SQLGetDiagRecW(
                SQLSMALLINT(kind), handle, SQLSMALLINT(number), &state, &native, &message,
                SQLSMALLINT(messageUnitCountMax), &length)
            guard isSuccess(code) else { break }
            records.append(
                ODBCDiagnostic(
                    state: text(state), native: Int(native), message: plain(text(message))))
        }
        return records
    }

    private static func text(_ units: [SQLWCHAR]) -> String {
        String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
    }

    /// Takes `[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]` away.
    private static func plain(_ message: String) -> String {
        var rest = message[...]
        while rest.first == "[", let close = rest.firstIndex(of: "]") {
            rest = rest[rest.index(after: close)...]
        }
        return String(rest.drop { $0 == " " })
    }
}
