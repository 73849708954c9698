import OCI
import Testing

@Suite struct GoDurationTests {
    @Test(arguments: [
        ("30s", 30_000_000_000), ("1m30s", 90_000_000_000), ("1.5h", 5_400_000_000_000),
        ("300ms", 300_000_000), (".5s", 500_000_000), ("5.s", 5_000_000_000), ("0", 0),
        ("1h0m0.001s", 3_600_001_000_000), ("+2us", 2000), ("2µs", 2000), ("2μs", 2000),
        ("-1.5s", -1_500_000_000), ("2562047h", 9_223_369_200_000_000_000),
        ("9223372036.854775807s", .max), ("0.0000000009999999999999999999s", 0),
    ])
    func timesOfGo(_ text: String, _ nanoseconds: Int64) {
        #expect(GoDuration.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "s", "30", "1d", "1 s", "1s ", ".s", "-", "--1s", "1ss", "1.2.3s", "2562048h",
        "9223372036.854775808s", "9223372036.9s", "9223372036s1s",
    ])
    func noTimesOfGo(_ text: String) { #expect(GoDuration.nanoseconds(text) == nil) }

    @Test(arguments: [
        (0, "0s"), (1, "1ns"), (1500, "1.5µs"), (1_000_000, "1ms"), (30_000_000_000, "30s"),
        (90_500_000_000, "1m30.5s"), (3_600_000_000_000, "1h0m0s"), (-1_500_000_000, "-1.5s"),
        (.max, "2562047h47m16.854775807s"),
    ])
    func textsOfGo(_ nanoseconds: Int64, _ text: String) {
        #expect(GoDuration.text(nanoseconds) == text)
        #expect(GoDuration.nanoseconds(text) == nanoseconds)
    }
}
