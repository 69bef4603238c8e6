package import FrameCodec
package import SegmentModel

/// One thing found in a file of the ledger, in the order of its bytes.
package enum FileFinding: Sendable {
    case frame(FrameFinding)
    case gap(Gap)

    /// Bytes where a frame should begin and none does, up to the next one or the end of the file.
    package struct Gap: Hashable, Sendable {
        package var offset: Int
        package var byteCount: Int
        /// Nothing but zeros: not damaged, if it goes to the end of the file.
        package var isZero: Bool
        package var isAtEnd: Bool
        /// Of the event that comes next, if that is known.
        package var firstPosition: Position?
        /// Why the first of them are no frame.
        package var error: FrameError

        package var isFault: Bool { !(isZero && isAtEnd) }
    }

    package var offset: Int {
        switch self {
        case .frame(let frame): frame.offset
        case .gap(let gap): gap.offset
        }
    }

    /// What is wrong there; nil: nothing.
    package var fault: String? {
        switch self {
        case .frame(let frame):
            frame.faults.isEmpty
                ? nil : frame.faults.map(\.description).joined(separator: "; ")
        case .gap(let gap): gap.isFault ? gap.error.description : nil
        }
    }

    package var isFault: Bool { fault != nil }
}

/// A frame whose header is good, and what is wrong with it otherwise.
package struct FrameFinding: Sendable {
    package enum Content: Sendable {
        /// No payload, or one that cannot be read.
        case none
        case chunk(ChunkHeader)
        case events(Frame)
        case footer(ChunkFooter)
        case manifest(LedgerManifest)
    }

    package enum Fault: Hashable, Sendable {
        case payload(FrameError)
        /// It was written into another file.
        case salt
        case number(expected: UInt64)
        case position(expected: Position)
        /// It says that bytes behind it are durable.
        case durableUpTo
    }

    package var offset: Int
    package var header: FrameHeader
    package var content: Content
    package var faults: [Fault]

    /// The position after its last event.
    package var endPosition: Position {
        Position(header.firstPosition.rawValue &+ UInt64(header.eventCount))
    }
}

extension FrameFinding.Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .payload(let error): error.description
        case .salt: "the frame belongs to another file"
        case .number(let expected): "frame \(expected) comes next"
        case .position(let expected): "position \(expected) comes next"
        case .durableUpTo: "it calls bytes durable that come after it"
        }
    }
}
