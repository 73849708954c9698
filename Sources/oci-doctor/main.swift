import RemoteTools
import ToolSupport

DoctorTool.runAndExit()
