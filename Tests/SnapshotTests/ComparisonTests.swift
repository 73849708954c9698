import ByteStream
import Glibc
import TestSupport
import Testing

@testable import Snapshot

@Suite struct ComparisonTests {
    private let work: TemporaryDirectory

    init() throws {
        work = try TemporaryDirectory()
        work.directory("t")
        work.directory("t/d")
        work.directory("t/d/e")
        try work.write("t/d/e/f", "text")
        try work.write("t/a", "aaaa")
        try work.write("t/b b", "bbbb")
        settle()
    }

    private func settle() {
        for name in ["t/d/e", "t/d", "t"] { work.setTime(name, 1_600_000_000) }
    }

    @Test func unchanged() throws {
        let snapshot = try work.snapshot("t")
        #expect(try work.snapshot("t", threads: 1) == snapshot)
        #expect(try work.changes("t", from: snapshot).isEmpty)
        #expect(try work.changes("t", from: snapshot, isFast: true).isEmpty)
    }

    @Test func contentOfTheSameSizeAndTime() throws {
        let snapshot = try work.snapshot("t")
        try work.write("t/a", "AAAA")
        settle()
        #expect(try work.changes("t", from: snapshot) == ["a"])
        // The change time shows it, as no program can set it back.
        #expect(try work.changes("t", from: snapshot, isFast: true) == ["a"])
        try work.write("t/a", "aaaa")
        settle()
        #expect(try work.changes("t", from: snapshot, isFast: true).isEmpty)
        try work.write("t/new", "AAAA")
        work.rename("t/new", "t/b b")
        settle()
        #expect(try work.changes("t", from: snapshot, isFast: true) == ["b b"])
    }

    /// A file that may have changed after it was read has no change time, and is always read.
    @Test func changedInTheFuture() throws {
        try work.write("t/a", "aaaa", time: 4_000_000_000)
        settle()
        let text = String(decoding: try work.snapshot("t"), as: UTF8.self)
        let lines = text.split(separator: "\n")
        let index = try #require(lines.firstIndex { $0.hasPrefix("a type=file") })
        #expect(lines[index + 1].hasPrefix("#. inode=") && !lines[index + 1].contains("ctime"))
        #expect(text.contains("ctime"))
    }

    @Test func clocks() {
        func entry(_ time: (Int64, UInt32), _ changeTime: (Int64, UInt32)) -> SnapshotEntry {
            var entry = SnapshotEntry(kind: .file)
            entry.time = .init(seconds: time.0, nanoseconds: time.1)
            entry.changeTime = .init(seconds: changeTime.0, nanoseconds: changeTime.1)
            return entry
        }
        let clock = FileSystemClock(device: 1, time: 100_000_000_000)
        #expect(clock.isAfter(entry((5, 0), (99, 989_999_999)), on: 1))
        #expect(!clock.isAfter(entry((5, 0), (99, 989_999_999)), on: 2))
        // Within a tick, with a clock that was set back, and with one of whole seconds.
        #expect(!clock.isAfter(entry((5, 0), (99, 990_000_000)), on: 1))
        #expect(!clock.isAfter(entry((5, 0), (100, 1)), on: 1))
        #expect(!clock.isAfter(entry((200, 0), (5, 1)), on: 1))
        #expect(!clock.isAfter(entry((98, 0), (98, 0)), on: 1))
        #expect(clock.isAfter(entry((97, 0), (97, 0)), on: 1))
        #expect(!clock.isAfter(entry((.max, 0), (5, 1)), on: 1))
        #expect(!clock.isAfter(SnapshotEntry(kind: .file), on: 1))
    }

    @Test func removals() throws {
        let snapshot = try work.snapshot("t")
        for name in ["t/d/e/f", "t/d/e", "t/a"] { work.remove(name) }
        settle()
        #expect(try work.changes("t", from: snapshot) == [".wh.a", "d/.wh.e"])
    }

    @Test func otherTypes() throws {
        let snapshot = try work.snapshot("t")
        for name in ["t/d/e/f", "t/d/e", "t/a"] { work.remove(name) }
        work.directory("t/a")
        try work.write("t/a/in", "x")
        try work.write("t/d/e", "now a file")
        settle()
        #expect(try work.changes("t", from: snapshot) == ["a", "a/in", "d/e"])
    }

    @Test func timesInSecondsAndModes() throws {
        let snapshot = try work.snapshot("t")
        let times = [
            timespec(tv_sec: 1_600_000_000, tv_nsec: 5),
            timespec(tv_sec: 1_600_000_000, tv_nsec: 5),
        ]
        work("t/a").withCString { _ = utimensat(AT_FDCWD, $0, times, 0) }
        #expect(try work.changes("t", from: snapshot).isEmpty)
        work.setTime("t/a", 1_600_000_001)
        work("t/d").withCString { _ = chmod($0, 0o1755) }
        #expect(try work.changes("t", from: snapshot) == ["a", "d"])
    }

    @Test func newNameOfAFile() throws {
        let snapshot = try work.snapshot("t")
        work.link("t/a", "t/d/link")
        settle()
        #expect(try work.changes("t", from: snapshot) == ["a", "d/link"])
    }

    @Test func namesOfOneFileStayTogether() throws {
        work.link("t/a", "t/c")
        work.link("t/a", "t/x")
        settle()
        let snapshot = try work.snapshot("t")
        #expect(try work.changes("t", from: snapshot).isEmpty)
        work.remove("t/x")
        settle()
        #expect(try work.changes("t", from: snapshot) == [".wh.x"])
        work.rename("t/c", "t/y")
        settle()
        #expect(try work.changes("t", from: snapshot) == [".wh.c", ".wh.x", "a", "y"])
    }

    /// Two files with two names each exchange names: number of names, contents and times stay.
    @Test func namesThatMoved() throws {
        for name in ["1", "2", "3", "4"] { work.remove("t/\(name)") }
        try work.write("t/1", "same")
        try work.write("t/3", "same")
        work.link("t/1", "t/2")
        work.link("t/3", "t/4")
        settle()
        let snapshot = try work.snapshot("t")
        work.rename("t/2", "t/tmp")
        work.rename("t/3", "t/2")
        work.rename("t/tmp", "t/3")
        settle()
        #expect(try work.changes("t", from: snapshot) == ["1", "2", "3", "4"])
    }

    @Test func namedLikeAWhiteout() throws {
        try work.write("t/.wh.x", "")
        settle()
        let snapshot = try work.snapshot("t")
        #expect(try work.changes("t", from: snapshot).isEmpty)
        try work.write("t/.wh.x", "changed")
        settle()
        #expect { try work.changes("t", from: snapshot) } throws: {
            if case SnapshotError.tar(.whiteoutName) = $0 { true } else { false }
        }
    }

    @Test func manyFiles() throws {
        work.directory("m")
        for directory in 0..<40 {
            work.directory("m/\(directory)")
            for file in 0..<25 { try work.write("m/\(directory)/\(file)", "\(directory) \(file)") }
            work.setTime("m/\(directory)", 1_600_000_000)
        }
        let snapshot = try work.snapshot("m")
        #expect(try work.snapshot("m", threads: 1) == snapshot)
        #expect(try work.snapshot("m", threads: 16) == snapshot)
        try work.write("m/17/3", "other")
        work.remove("m/30/9")
        work.setTime("m/30", 1_600_000_000)
        #expect(try work.changes("m", from: snapshot) == ["17/3", "30/.wh.9"])
    }
}
