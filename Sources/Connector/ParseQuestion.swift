package import SQLTemplate

/// Has a database read a statement without running it, as its dialect says how to ask.
///
/// A lock that reading a table's description takes goes with the transaction.
package struct ParseQuestion: Sendable {
    private let dialect: SQLDialect

    package init(_ dialect: SQLDialect) {
        self.dialect = dialect
    }

    /// The database's refusal of a statement; nil: it reads it, or cannot be asked about such a
    /// one. The session is in a transaction, which the caller rolls back.
    ///
    /// - Throws: `TargetFailure` if the connection is lost.
    package func refusal(
        of statement: [UInt8], in session: any TargetSession
    ) async throws -> TargetFailure? {
        guard let parsing = dialect.parsing,
            parsing.verbs.contains(dialect.firstWord(of: statement))
        else { return nil }
        let question = parsing.question(String(decoding: statement, as: UTF8.self))
        do {
            _ = try await session.query(Array(question.utf8))
            if let forget = parsing.forget { _ = try await session.execute(Array(forget.utf8)) }
            return nil
        } catch let failure as TargetFailure where !failure.isConnectionLost {
            // Old versions do not know the question itself.
            if let word = parsing.unknownWord, failure.message.contains(word) { return nil }
            return failure
        }
    }
}
