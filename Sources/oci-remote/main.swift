import RemoteTools
import ToolSupport

runCalledTool(remoteTools)
