internal import SegmentModel

/// A date, or a moment, that `date` has read.
struct TemplateMoment {
    /// In UTC.
    let timestamp: Timestamp
    /// Without a time of day.
    let isDateOnly: Bool

    /// Reads RFC 3339 (the seconds and the zone may be left out, which then is UTC), a date as
    /// `2026-03-12`, and a number as seconds since 1970; nil if it is none of these.
    init?(parsing value: RenderedValue, _ bytes: UnsafeBufferPointer<UInt8>) {
        switch value.kind {
        case .number:
            guard let seconds = Double(String(decoding: bytes, as: UTF8.self)),
                seconds.magnitude < 1e12
            else { return nil }
            self.init(Timestamp(rawValue: Int64((seconds * 1e6).rounded())), isDateOnly: false)
        case .text, .date: self.init(text: String(decoding: bytes, as: UTF8.self))
        case .missing, .null, .false, .true, .json: return nil
        }
    }

    private init?(_ timestamp: Timestamp, isDateOnly: Bool) {
        // Years 0001 to 9999, which the printed form has room for.
        guard (-62_135_596_800_000_000...253_402_300_799_999_999).contains(timestamp.rawValue)
        else { return nil }
        self.timestamp = timestamp
        self.isDateOnly = isDateOnly
    }

    private init?(text: String) {
        if let end = Timestamp(endOfDay: text) {
            self.init(end.advanced(byMicroseconds: 1 - 86_400_000_000), isDateOnly: true)
            return
        }
        if let timestamp = Timestamp(rfc3339: text) {
            self.init(timestamp, isDateOnly: false)
            return
        }
        let scalars = Array(text.utf8)
        guard scalars.count >= 16 else { return nil }
        let isWithoutSeconds = scalars.count == 16 || scalars[16] != UInt8(ascii: ":")
        var complete = String(decoding: scalars[..<16], as: UTF8.self)
        complete += isWithoutSeconds ? ":00" : ""
        complete += String(decoding: scalars[16...], as: UTF8.self)
        guard let timestamp = Timestamp(rfc3339: complete) ?? Timestamp(rfc3339: complete + "Z")
        else { return nil }
        self.init(timestamp, isDateOnly: false)
    }

    var canonical: String {
        isDateOnly ? String(timestamp.description.prefix(10)) : timestamp.description
    }
}
