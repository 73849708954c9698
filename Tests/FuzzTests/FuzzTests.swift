import ByteStream
import Testing

/// All seeds, and the same mutations of them in every run; `make fuzz` searches further.
@Suite struct FuzzTests {
    private static let seeds = fixtures.appending("fuzz")

    @Test(arguments: fuzzTargets.map(\.name))
    func seedsAndMutations(name: String) throws {
        let target = try #require(fuzzTargets.first { $0.name == name })
        let seeds = try Seed.read(Self.seeds.appending(Path(name)))
        #expect(!seeds.isEmpty, "no seeds")
        for seed in seeds { try check(target, seed.bytes, "seed \(seed.name)") }
        var mutator = Mutator(seeds: seeds.map(\.bytes))
        for number in 0..<100 { try check(target, mutator.next(), "mutation \(number)") }
    }

    /// Inputs that once crashed or broke a property.
    @Test(arguments: fuzzTargets.map(\.name))
    func findings(name: String) throws {
        let target = try #require(fuzzTargets.first { $0.name == name })
        let path = fixtures.appending("findings").appending(Path(name))
        for finding in try Seed.read(path) { try check(target, finding.bytes, "\(finding.name)") }
    }

    private func check(_ target: FuzzTarget, _ bytes: [UInt8], _ origin: String) throws {
        do {
            try target.check(bytes)
        } catch let broken as Broken {
            Issue.record("\(origin): \(broken)")
        }
    }
}

private let fixtures = Path(#filePath).directory.directory.appending("fixtures")

struct Seed {
    let name: Path
    let bytes: [UInt8]

    /// The files of a directory, in byte order of their names; empty if it does not exist.
    static func read(_ directory: Path) throws -> [Seed] {
        var names: [Path] = []
        do throws(Errno) {
            names = try Directory.names(in: directory)
        } catch {
            if error != .noEntry { throw error }
        }
        names.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var seeds: [Seed] = []
        for name in names {
            let bytes = try InputStream.readFile(directory.appending(name), limit: 1 << 20)
            seeds.append(Seed(name: name, bytes: bytes))
        }
        return seeds
    }
}
