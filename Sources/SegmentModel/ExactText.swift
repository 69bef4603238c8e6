/// A text that is equal to another one only if it has the same bytes.
///
/// Swift's own strings are equal where they are canonically equivalent: `é` written as one scalar
/// equals `é` written as two, and the Kelvin sign equals `K`. To the ledger, to JSON and to a
/// database these are different names. So what comes from outside and is a key (fields, tags,
/// groups, variables of a template, members of an object) is looked up as one of these.
package struct ExactText: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.isExactly(right.text)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(0xFF as UInt8)
    }

    /// By bytes.
    package static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension ExactText: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension String {
    /// Whether both have the same bytes; `==` compares what they look like.
    package func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension Dictionary where Key == ExactText {
    /// The value of the key with these bytes.
    package subscript(_ name: String) -> Value? {
        get { self[ExactText(name)] }
        set { self[ExactText(name)] = newValue }
    }
}
