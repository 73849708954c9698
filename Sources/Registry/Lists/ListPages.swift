import JSON
import OCI

/// A list that comes page by page, as `Link` leads. It is read to its end, or not at all.
final class ListPages {
    /// The most pages that are read of any list.
    private static let pageLimit = 10_000

    /// The most pages one after another that bring nothing: some filter after they have cut a page.
    private static let emptyPageLimit = 100

    /// The most bytes that a page has, and that all pages of a list have together.
    static let pageByteLimit = 16 << 20
    private static let listByteLimit = 256 << 20

    /// The most bytes of links: the pages that were read are remembered by them.
    private static let linkByteLimit = 32 << 20

    private let client: RegistryClient
    private var call: RegistryCall
    private var seen: Set<HTTPURL> = []
    private var byteCount = 0
    private var linkByteCount = 0
    private var emptyPageCount = 0

    init(_ client: RegistryClient, _ call: RegistryCall) {
        self.client = client
        self.call = call
        self.call.request.bodyLimit = ListPages.pageByteLimit
    }

    var isFirst: Bool { seen.count == 1 }

    /// - Parameter body: reads a page; returns how many entries it has, or nil to read no other.
    /// - Throws: `RegistryError.violation` for a list that cannot be followed to its end.
    func read(_ body: (HTTPResponse, RegistryCall) throws -> Int?) throws {
        while true {
            let response = try client.send(call)
            // Links lead on from where the registry is, which the first answer may have told.
            call.request = client.located(call)
            seen.insert(call.request.url)
            let entryCount: Int?
            do {
                entryCount = try body(response, call)
            } catch let error as JSONError {
                throw client.violation(call.request, error.text)
            }
            guard let entryCount else { return }
            let links = response.headers.all("Link")
            byteCount += response.body.count
            linkByteCount += links.reduce(0) { $0 + $1.utf8.count }
            emptyPageCount = entryCount == 0 ? emptyPageCount + 1 : 0
            switch HeaderValue.nextPage(links) {
            case .none: return
            case .unreadable: throw client.violation(call.request, "a link that cannot be read")
            case .target(let target): try follow(target)
            }
        }
    }

    private func follow(_ link: String) throws(RegistryError) {
        guard seen.count < ListPages.pageLimit, byteCount <= ListPages.listByteLimit,
            linkByteCount <= ListPages.linkByteLimit, emptyPageCount < ListPages.emptyPageLimit
        else { throw client.violation(call.request, "a list without an end") }
        do throws(TransportFailure) {
            let next = try client.requestPolicy.target(of: link, from: call.request.url, "a link")
            guard !seen.contains(next) else {
                throw TransportFailure.violation("a link to a page that was read")
            }
            call.request.url = next
        } catch {
            throw client.error(error, call.request)
        }
    }
}
