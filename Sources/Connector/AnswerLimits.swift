/// How much of a server's answers is taken into memory, on every kind of target: a broken or rogue
/// server must not fill it within one timeout.
package enum AnswerLimits {
    /// Of one row on the wire. No value of an event is longer than an event's line.
    package static let rowByteCountMax = 16 << 20
    /// Of what is no row: the description of columns, a message, an acknowledgement.
    package static let messageByteCountMax = 2 << 20
    /// Of all that is said while a connection opens.
    package static let loginByteCountMax = 1 << 20
    /// Of all rows that a query returns to its caller. Rows that nobody wants are thrown away as
    /// they come, and have no limit but the statement timeout.
    package static let keptByteCountMax = 64 << 20
}

extension TargetFailure {
    /// A message or a row that is longer than any that was asked for. The rest of it is not read.
    package static let answerTooLong = TargetFailure(
        class: .permanent, targetCode: "",
        message: "the server's answer holds a row or a message of more than "
            + "\(AnswerLimits.rowByteCountMax >> 20) MiB, which is not read",
        hint: "let the query return fewer or shorter columns, and check that the connector's url "
            + "names the right server",
        isConnectionLost: true)

    /// More rows than are kept.
    package static let tooManyRows = TargetFailure(
        class: .permanent, targetCode: "",
        message: "the query returns more than \(AnswerLimits.keptByteCountMax >> 20) MiB of rows",
        hint: "let the query return fewer rows or columns",
        isConnectionLost: true)
}

/// The rows of an answer that its caller wants.
package struct KeptRows {
    /// What a row and a value take beside their bytes.
    private static let rowOverheadByteCount = 64
    private static let valueOverheadByteCount = 32

    package private(set) var rows: [[String?]] = []
    private var byteCount = 0

    package init() {}

    package mutating func removeAll() { self = KeptRows() }

    /// - Throws: `tooManyRows`; the row is not kept.
    package mutating func append(_ row: [String?]) throws(TargetFailure) {
        byteCount += Self.rowOverheadByteCount
        for value in row {
            byteCount += Self.valueOverheadByteCount + (value?.utf8.count ?? 0)
        }
        guard byteCount <= AnswerLimits.keptByteCountMax else { throw .tooManyRows }
        rows.append(row)
    }
}
