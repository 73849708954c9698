import ByteStream
import Testing

@Suite struct PathTests {
    /// The first ones are the examples of Go's filepath.Clean.
    @Test(arguments: [
        ("", "."), ("abc", "abc"), ("abc/def", "abc/def"), ("a/b/c", "a/b/c"), (".", "."),
        ("..", ".."), ("../..", "../.."), ("/", "/"), ("abc/", "abc"), ("abc//def", "abc/def"),
        ("//abc", "/abc"), ("./abc", "abc"), ("abc/./def", "abc/def"), ("abc/def/..", "abc"),
        ("abc/def/../../..", ".."), ("/..", "/"), ("/../abc", "/abc"), ("/abc/../..", "/"),
        ("a/..b/..", "a"), ("...", "..."),
    ])
    func cleanedAsInGo(path: Path, clean: Path) {
        #expect(path.cleaned == clean)
        #expect(clean.cleaned == clean)
    }

    @Test func pathsAreOrderedByTheirBytes() {
        let paths = [Path([0xFF]), "b", "a/b", "a.b", "é", "a"]
        #expect(paths.sorted() == ["a", "a.b", "a/b", "b", "é", Path([0xFF])])
    }

    @Test func suffixesAreBytes() {
        #expect(Path([0xFF] + ".crt".utf8).hasSuffix(".crt"))
        #expect(!("crt" as Path).hasSuffix(".crt"))
    }
}
