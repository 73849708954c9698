import RemoteTools
import ToolSupport

VerifyTool.runAndExit()
