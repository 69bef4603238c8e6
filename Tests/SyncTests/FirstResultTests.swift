import Testing

@testable import Sync

@Suite("Of several results the first counts")
struct FirstResultTests {
    @Test("Whoever comes later is told so, before and after it was read")
    func first() async throws {
        let result = FirstResult<Int>()
        #expect(result.give(.success(1)))
        #expect(!result.give(.success(2)))
        #expect(try await result.value() == 1)
        #expect(!result.give(.failure(CancellationError())))
        #expect(try await result.value() == 1)
    }
}
