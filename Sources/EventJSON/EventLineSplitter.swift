internal import Glibc
package import SegmentModel

/// Cuts a stream of bytes into NDJSON lines. LF or CR LF ends a line; the last needs neither.
///
/// Holds at most one line: a longer one than `Limits.eventLineByteCountMax` is refused as soon as
/// that is known. After a throw the splitter is of no more use.
package struct EventLineSplitter {
    /// The start of a line whose end has not come yet.
    private var rest: [UInt8] = []
    /// Lines given out.
    package private(set) var lineCount = 0

    package init() {}

    /// Gives out every line that ends in `chunk`, with its number from 1. The bytes live only
    /// during the call.
    ///
    /// - Throws: `inputRefused` for a line over the limit; what `body` throws.
    package mutating func feed(
        _ chunk: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, Int) throws(Failure) -> Void
    ) throws(Failure) {
        var start = 0
        while start < chunk.count {
            let tail = UnsafeRawBufferPointer(rebasing: chunk[start...])
            guard let base = tail.baseAddress,
                let found = memchr(base, Int32(UInt8(ascii: "\n")), tail.count)
            else { break }
            let length = UnsafeRawPointer(found) - base
            let line = UnsafeRawBufferPointer(rebasing: tail[..<length])
            if rest.isEmpty {
                try give(line, to: body)
            } else {
                rest.append(contentsOf: line)
                try giveRest(to: body)
            }
            start += length + 1
        }
        rest.append(contentsOf: chunk[start...])
        // One byte more: it may be the CR of the line's end.
        guard rest.count <= Limits.eventLineByteCountMax + 1 else {
            throw EventParser.lineTooLong(number: lineCount + 1)
        }
    }

    /// Gives out the last line if it has no end of its own.
    package mutating func finish(
        _ body: (UnsafeRawBufferPointer, Int) throws(Failure) -> Void
    ) throws(Failure) {
        if !rest.isEmpty { try giveRest(to: body) }
    }

    private mutating func giveRest(
        to body: (UnsafeRawBufferPointer, Int) throws(Failure) -> Void
    ) throws(Failure) {
        let line = rest
        rest.removeAll()
        try line.withUnsafeBufferPointer { bytes throws(Failure) in
            try give(UnsafeRawBufferPointer(bytes), to: body)
        }
    }

    private mutating func give(
        _ line: UnsafeRawBufferPointer,
        to body: (UnsafeRawBufferPointer, Int) throws(Failure) -> Void
    ) throws(Failure) {
        lineCount += 1
        let hasReturn = line.last == UInt8(ascii: "\r")
        let content = hasReturn ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line
        guard content.count <= Limits.eventLineByteCountMax else {
            throw EventParser.lineTooLong(number: lineCount)
        }
        try body(content, lineCount)
    }
}
