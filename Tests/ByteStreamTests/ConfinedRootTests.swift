import Glibc
import Testing

@testable import ByteStream

@Suite struct ConfinedRootTests {
    private let directory: Path

    init() throws {
        var template = Array("/tmp/ocinoco-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        directory = Path(template.dropLast().map { UInt8(bitPattern: $0) })
    }

    private func make(_ directories: [Path], links: [(Path, Path)]) throws {
        for name in directories { try Directory.create(directory.appending(name)) }
        for (name, target) in links {
            let status = target.withCString { target in
                directory.appending(name).withCString { symlink(target, $0) }
            }
            guard status == 0 else { throw Errno.current }
        }
    }

    /// The path in the tree that a path leads to.
    private func resolve(_ path: Path, usesKernel: Bool) throws(Errno) -> Path {
        try resolve(path, in: ConfinedRoot(directory.appending("root"), usesKernel: usesKernel))
    }

    private func resolve(_ path: Path, in root: ConfinedRoot) throws(Errno) -> Path {
        let file = try root.open(path, flags: O_RDONLY | O_DIRECTORY)
        var target = [CChar](repeating: 0, count: 4096)
        let count = withExtendedLifetime(file) {
            file.procPath.withCString { readlink($0, &target, target.count) }
        }
        let bytes = target[..<count].map { UInt8(bitPattern: $0) }
        return Path(bytes.dropFirst(directory.appending("root").bytes.count))
    }

    @Test func everythingIsInside() throws {
        try make(
            ["root/a/b", "root/etc", "outside"],
            links: [
                ("root/up", "../../.."), ("root/a/abs", "/etc"), ("root/a/b/chain", "../abs/../a"),
                ("root/out", "../outside"), ("root/etc/self", "."), ("root/one", "two"),
                ("root/two", "one"),
            ])
        for usesKernel in [true, false] {
            let expectations: [(Path, Path)] = [
                ("", ""), (".", ""), ("/", ""), ("..", ""), ("../../a", "/a"), ("up", ""),
                ("up/a/b", "/a/b"), ("a/abs", "/etc"), ("/a/b/chain", "/a"),
                ("a/b/chain/b/", "/a/b"), ("a/b/..//./b/../..", ""), ("etc/self/self", "/etc"),
            ]
            for (path, expected) in expectations {
                #expect(try resolve(path, usesKernel: usesKernel) == expected, "\(path)")
            }
            // The directories of one path may stay open for the next.
            let root = try ConfinedRoot(directory.appending("root"), usesKernel: usesKernel)
            root.keepsTrail = true
            for (path, expected) in expectations + expectations.reversed() + expectations {
                #expect(try resolve(path, in: root) == expected, "\(path), after others")
            }
            #expect(throws: Errno.noEntry) { try resolve("out", usesKernel: usesKernel) }
            #expect(throws: Errno.noEntry) { try resolve("a/none/x", usesKernel: usesKernel) }
            #expect(throws: Errno.tooManyLinks) { try resolve("one/x", usesKernel: usesKernel) }
        }
    }

    @Test func missingDirectoriesAreMadeInside() throws {
        try make(["root", "outside"], links: [("root/run", "../outside/run")])
        let root = try ConfinedRoot(directory.appending("root"))
        var made: [Path] = []
        let opened = try root.openDirectory("run/x/y") { (path, parent) throws(Errno) in
            made.append(path)
            let status = path.name.withCString { mkdirat(parent.rawValue, $0, 0o755) }
            if status == -1 { throw Errno.current }
        }
        #expect(opened.path == "outside/run/x/y")
        #expect(made == ["outside", "outside/run", "outside/run/x", "outside/run/x/y"])
        #expect(try resolve("outside/run/x/y", usesKernel: true) == "/outside/run/x/y")
        #expect(try Directory.names(in: directory.appending("outside")).isEmpty)
    }
}

extension ConfinedRootTests {
    @Test func directoriesHaveOnePathWithoutLinks() throws {
        try make(
            ["root/a/b/c", "root/d"],
            links: [
                ("root/l", "a/../a/b"), ("root/a/b/up", ".."), ("root/d/abs", "/l"),
                ("root/file", "none"), ("root/all", ".."),
            ])
        for usesKernel in [true, false] {
            let root = try ConfinedRoot(directory.appending("root"), usesKernel: usesKernel)
            for (path, expected): (Path, Path) in [
                ("", ""), ("a", "a"), ("l", "a/b"), ("l/c/", "a/b/c"), ("d/abs/up/b", "a/b"),
                ("l/up/..", ""), ("all/d", "d"),
            ] {
                let opened = try root.openDirectory(path) { _, _ throws(Errno) in throw .noEntry }
                #expect(opened.path == expected, "\(path)")
                let direct = try root.status(of: expected)
                #expect(try opened.file.descriptor.status().st_ino == direct.st_ino)
            }
            #expect(throws: Errno.noEntry) {
                try root.openDirectory("file/x") { _, _ throws(Errno) in throw .noEntry }
            }
        }
    }
}

@Suite struct MemoryPipeTests {
    private struct Broken: Error {}

    @Test func whatIsWrittenIsRead() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        let pipe = MemoryPipe(capacity: 1000)
        let thread = try #require(
            WorkerThread {
                for start in stride(from: 0, to: bytes.count, by: 777) {
                    let piece = Array(bytes[start..<min(start + 777, bytes.count)])
                    do {
                        try piece.withRawBytes { (bytes) throws in try pipe.write(bytes) }
                    } catch {
                        pipe.finish(error)
                    }
                }
                pipe.finish(Broken())
            })
        var received: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 300, alignment: 16)
        defer { buffer.deallocate() }
        #expect(throws: Broken.self) {
            while true { received += buffer[..<(try pipe.read(into: buffer))] }
        }
        thread.join()
        #expect(received == bytes)
    }

    @Test func aReaderThatLeavesStopsTheWriter() throws {
        let pipe = MemoryPipe(capacity: 10)
        pipe.abandon()
        #expect(throws: MemoryPipe.Abandoned.self) {
            try [UInt8](repeating: 0, count: 11).withRawBytes { (bytes) throws in
                try pipe.write(bytes)
            }
        }
    }
}
