import StorageTesting
import Testing

@testable import Ledger

@Suite struct DictionaryHashTests {
    /// Of the authors' own test vectors: key 00 01 … 0f, input 00 01 … of the length given.
    @Test(
        "SipHash gives the published values",
        arguments: [
            (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
            (2, "8177228da4a45dc7fca38bdef60affe4"), (5, "1368875980776f8854527a07690e9627"),
            (7, "a1f1ebbed8dbc153c0b84aa61ff08239"), (8, "3b62a9ba6258f5610f83e264f31497b4"),
            (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
        ])
    func sipHash(length: Int, expected: String) {
        let hash = SipHash(key0: 0x0706_0504_0302_0100, key1: 0x0F0E_0D0C_0B0A_0908)
        let input = (0..<length).map { UInt8($0) }
        let output = input.withUnsafeBytes { hash($0) }
        let bytes = (0..<16).map { UInt8(truncatingIfNeeded: output >> UInt128($0 * 8)) }
        #expect(hex(bytes) == expected)
    }

    @Test("Slots with equal hashes are all kept and told apart, around a page's end too")
    func equalHashes() {
        for hash in [UInt64(0), 0x7FFF_FFFF, 0xFFFF_FFFF] {
            var table = SlotTable<UInt64>(
                pool: PagePool(), geometry: SlotTableGeometry(isDense: true))
            for unit in UInt64(1)...3000 {
                var cursor = table.cursor(UInt32(hash))
                while cursor.slot != 0 { cursor.advance() }
                table.insert(hash << 32 | unit, at: cursor)
            }
            var found: Set<UInt64> = []
            var cursor = table.cursor(UInt32(hash))
            while cursor.slot != 0 {
                found.insert(cursor.slot)
                cursor.advance()
            }
            #expect(found.count == 3000)
            table.replace(hash << 32 | 7, with: hash << 32 | 7000)
            let count = table.count
            #expect(count == 3000)
        }
    }

    @Test("Ids made to collide under one seed do not collide under another")
    func seeds() {
        func hash(_ number: UInt64, _ seed: UInt64) -> UInt64 {
            withUnsafeBytes(of: number) { KeyedHash(seed: seed)($0.baseAddress!, 8) }
        }
        let wanted = hash(0, 1) >> 52
        let colliding = (0..<400_000).filter { hash($0, 1) >> 52 == wanted }
        #expect(colliding.count > 50)
        let other = Set(colliding.map { hash($0, 2) >> 52 })
        #expect(other.count > colliding.count * 9 / 10)
    }

    @Test("Every byte of an id counts, at every length")
    func everyByte() {
        let hash = KeyedHash(seed: 9)
        for length in 1...256 {
            var hashes: Set<UInt64> = []
            var bytes = [UInt8](repeating: 0, count: length)
            for index in -1..<length {
                if index >= 0 { bytes[index] = 1 }
                hashes.insert(bytes.withUnsafeBytes { hash($0.baseAddress!, length) })
                if index >= 0 { bytes[index] = 0 }
            }
            #expect(hashes.count == length + 1)
        }
    }

    @Test("Numbers are sorted by their high half, stably, short runs and long ones")
    func sorting() {
        var random = SeededGenerator()
        var sorter = OrdinalSorter()
        for count in [0, 1, 2, 100, 255, 256, 1000, 5000] {
            for keys in [1, 3, 70_000, 1 << 31] {
                var numbers = (0..<count).map {
                    UInt64(random.below(keys)) << 32 | UInt64($0)
                }
                let expected = numbers.sorted()
                sorter.sort(&numbers)
                #expect(numbers == expected, "SEGLEDGER_SEED=\(random.seed)")
            }
        }
    }
}
