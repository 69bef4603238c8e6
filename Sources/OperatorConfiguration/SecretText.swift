internal import SegmentModel

/// The one rule for a password, wherever it comes from: an environment variable, a file, a text of
/// the configuration or a URL.
///
/// It is the first line, ended by LF, by CR LF or by the end: UTF-8 without NUL, as every client
/// takes it, at least a byte. Blanks belong to it. The source has `Limits.secretByteCountMax` bytes
/// at most, with all that stands behind the line.
package enum SecretText {
    /// Why some bytes hold no password. Says nothing of the bytes (INV-10).
    package enum Problem: Error, CaseIterable, Sendable {
        case empty, tooLong, hasNUL, notUTF8
    }

    /// - Parameter source: as much of the source as there is, or a byte more than the limit.
    package static func read(_ source: some Collection<UInt8>) throws(Problem) -> String {
        guard source.count <= Limits.secretByteCountMax else { throw .tooLong }
        var line = source.prefix { $0 != UInt8(ascii: "\n") }
        if line.count < source.count, Array(line).last == UInt8(ascii: "\r") {
            line = line.prefix(line.count - 1)
        }
        guard !line.isEmpty else { throw .empty }
        guard !line.contains(0) else { throw .hasNUL }
        guard let text = String(validating: line, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}

extension SecretText.Problem {
    package var rule: String {
        switch self {
        case .empty: "holds no password: its first line is empty"
        case .tooLong: "has more than \(Limits.secretByteCountMax) bytes, which no password has"
        case .hasNUL: "holds a NUL byte, which no password can"
        case .notUTF8: "is not UTF-8, in which every password is sent"
        }
    }

    package var hint: String {
        switch self {
        case .empty: "write the password there, or leave password: out of the connector"
        case .tooLong: "give a file or a variable that holds the password alone"
        case .hasNUL, .notUTF8: "save the password as one line of UTF-8 text"
        }
    }
}
