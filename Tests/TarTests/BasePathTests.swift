import ByteStream
import Testing

@testable import Tar

/// A base of directories, links and files.
private struct MadeBase: LayerBase {
    private var entries: [[UInt8]: TarEntry] = [:]

    /// - Parameter paths: link targets by path, nil for files; their directories are added.
    init(_ paths: [String: String?]) {
        for (path, target) in paths {
            let components = path.split(separator: "/")
            for count in 1..<components.count {
                let parent = ascii(components[..<count].joined(separator: "/"))
                entries[parent] = TarEntry(kind: .directory, path: parent, mode: 0o755)
            }
            var entry = TarEntry(
                kind: target == nil ? .file : .symbolicLink, path: ascii(path), mode: 0o777)
            entry.linkTarget = ascii(target ?? "")
            entries[ascii(path)] = entry
        }
    }

    func entry(at path: [UInt8]) -> TarEntry? { entries[path] }

    func contents(of path: Path) -> [UInt8]? { nil }
}

@Suite struct BasePathTests {
    private let base = MadeBase([
        "lib": "usr/lib", "usr/lib/file": nil, "srv/run": "/run/./now/", "run/now/x": nil,
        "up": "srv/../usr", "out": "../../usr", "here": ".", "top": "/", "loop": "loop",
        "far": String(repeating: "a/", count: 2100), "around": "loop/x", "dangling": "none/at/all",
        "chain": "up/lib/../../srv/run",
    ])

    private func led(_ path: String, _ parent: BasePath.RootParent = .root) throws -> String {
        String(
            decoding: try BasePath(ascii(path), in: base, rootParent: parent).bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("", ""), ("/", ""), ("usr//lib/.", "usr/lib"), ("lib/x", "usr/lib/x"),
        ("/lib", "usr/lib"), ("srv/run/pid", "run/now/pid"), ("up/lib", "usr/lib"),
        ("here/here/lib", "usr/lib"), ("top/lib/file", "usr/lib/file"), ("top", ""),
        ("dangling/x", "none/at/all/x"), ("new/x", "new/x"), ("chain/x", "run/now/x"),
    ])
    func links(_ path: String, _ expected: String) throws {
        #expect(try led(path) == expected)
        #expect(try led(path, .refused) == expected)
    }

    @Test func pathsAreNoLongerThanTheKernels() throws {
        #expect(throws: TarError.self) { try led("far/x") }
        #expect(throws: TarError.self) { try led(String(repeating: "a/", count: 2100)) }
        #expect(try led(String(repeating: "a/", count: 2047)).utf8.count == 4093)
    }

    @Test func whatIsThere() throws {
        func kind(_ path: String) throws -> TarEntry.Kind? {
            try BasePath(ascii(path), in: base, rootParent: .root).entry?.kind
        }
        #expect(try kind("lib") == .directory)
        #expect(try kind("up/lib/file") == .file)
        #expect(try kind("srv/run/..") == .directory)
        #expect(try kind("dangling") == nil)
        #expect(try kind("top") == nil)
    }

    @Test func outOfTheRoot() throws {
        #expect(try led("out/lib") == "usr/lib")
        #expect(try led("../lib") == "usr/lib")
        for path in ["out", "out/lib", "..", "lib/../../.."] {
            #expect(throws: TarError.self) { try led(path, .refused) }
        }
    }

    @Test(arguments: ["loop", "loop/x", "around"])
    func circle(_ path: String) {
        #expect(throws: TarError.self) { try led(path) }
    }

    @Test func belowAFile() {
        let inWay = #expect(throws: TarError.self) { try led("lib/file/x/y") }
        guard case .overBase(let path, let base, isDirectory: true) = inWay else {
            Issue.record("not refused for the file")
            return
        }
        #expect(path == "lib/file/x/y")
        #expect(base == "usr/lib/file")
        #expect(throws: TarError.self) { try led("lib/file/..") }
    }
}
