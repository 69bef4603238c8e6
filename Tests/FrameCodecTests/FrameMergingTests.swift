import FrameCodec
import SegmentModel
import Testing

@Suite("Frames merge into blocks") struct FrameMergingTests {
    /// A frame that follows `frame`: its content shifted, recorded later.
    static func following(_ frame: Frame, laterBy microseconds: Int64) -> Frame {
        var next = FrameCodecTests.sample()
        next.firstPosition = frame.endPosition
        next.firstOrdinal = frame.firstOrdinal + UInt32(frame.newProfiles.count)
        next.firstFieldName = frame.firstFieldName + UInt32(frame.newFieldNames.count)
        let recordedAt = frame.recordedAt.advanced(byMicroseconds: microseconds)
        for index in next.events.indices {
            next.events[index].recordedAt = recordedAt
            if next.events[index].kind.isSystem { next.events[index].time = recordedAt }
        }
        return next
    }

    static func events(_ frame: Frame) -> [String] {
        var lines = FrameCodecTests.content(frame)
        lines.removeFirst(1 + frame.newProfiles.count + frame.newFieldNames.count)
        return lines
    }

    @Test("INV-2: frames merged into one block say the same, and so does the block read back")
    func merged() throws {
        let first = FrameCodecTests.sample()
        let second = Self.following(first, laterBy: 1_000_000)
        let third = Self.following(second, laterBy: 0)
        var block = first
        block.append(second)
        block.append(third)
        #expect(block.firstPosition == first.firstPosition)
        #expect(block.endPosition == third.endPosition)
        #expect(block.recordedAt == third.recordedAt)
        #expect(Self.events(block) == [first, second, third].flatMap(Self.events))
        #expect(
            block.newProfiles.map(block.string)
                == [first, second, third].flatMap { $0.newProfiles.map($0.string) })
        #expect(
            block.newFieldNames.map(block.string)
                == [first, second, third].flatMap { $0.newFieldNames.map($0.string) })
        let (_, bytes) = FrameCodecTests.encoded(block)
        let decoded = try bytes.withUnsafeBytes {
            try FrameCodec.decode(try FrameHeader($0), in: $0)
        }
        #expect(FrameCodecTests.content(decoded) == FrameCodecTests.content(block))
    }
}
