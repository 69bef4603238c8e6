import EventJSON
import Testing

@Suite struct NearestNameTests {
    @Test("The nearest name is found within a few slips, and none is made up")
    func nearest() {
        let names = ["segment_id", "segment_name", "profiles", "time", "tags"]
        #expect(nearestName(to: "segmnet_id", in: names) == "segment_id")
        #expect(nearestName(to: "Profile", in: names) == "profiles")
        #expect(nearestName(to: "tag", in: names) == "tags")
        #expect(nearestName(to: "customer", in: names) == nil)
        #expect(nearestName(to: "", in: names) == nil)
        #expect(nearestName(to: String(repeating: "x", count: 10_000), in: names) == nil)
    }
}
