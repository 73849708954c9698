import Testing

@testable import ToolSupport

@Suite struct ProgressTests {
    @Test(arguments: [
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
        (10 << 20, "10.0 MiB"), (100 << 20, "100 MiB"), (3 << 30, "3.0 GiB"),
        (Int64.max, "8.0 EiB"),
    ])
    func sizesForPeople(_ byteCount: Int64, _ text: String) {
        #expect(humanReadable(byteCount) == text)
    }
}
